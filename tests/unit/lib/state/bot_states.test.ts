import { FolderObjectStore } from "../../../../lib/objects/folder/folder_object_store.ts";
import { testBotStatesContract } from "../../../contract/bot_states_contract.ts";
import { FolderFixture } from "../../../support/fixtures/folder_fixture.ts";

testBotStatesContract("a folder", async () => {
  const folder = await FolderFixture.open();
  return {
    store: new FolderObjectStore(folder.path),
    bucket: "bot-state",
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});
