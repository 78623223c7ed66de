import { testBotStatesContract } from "../contract/bot_states_contract.ts";
import { openMinio } from "../support/servers/minio_fixture.ts";

testBotStatesContract("MinIO", openMinio);
