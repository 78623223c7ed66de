import { testServiceRegistryContract } from "../../../contract/service_registry_contract.ts";
import { MemoryServiceRegistry } from "../../../support/memory_service_registry.ts";

testServiceRegistryContract("MemoryServiceRegistry", () =>
  Promise.resolve({
    registry: new MemoryServiceRegistry(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));
