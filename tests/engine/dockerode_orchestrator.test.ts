import { testContainerOrchestratorContract } from "../contract/container_orchestrator_contract.ts";
import { openEngine } from "./engine_support.ts";

testContainerOrchestratorContract({ name: "DockerodeOrchestrator", open: openEngine });
