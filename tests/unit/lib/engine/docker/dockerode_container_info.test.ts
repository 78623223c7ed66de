import assert from "node:assert/strict";
// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import {
  CREATE_ID_LABEL,
  fromInspection,
  fromListEntry,
} from "../../../../../lib/engine/docker/dockerode_container_info.ts";

function entry(State: string, Status: string): Docker.ContainerInfo {
  const Labels = { "runtime.id": "a", [CREATE_ID_LABEL]: "1" };
  return {
    Id: "id",
    Names: ["/bot-a"],
    Image: "img:1",
    Created: 1_700_000_000,
    Labels,
    State,
    Status,
  } as never;
}

Deno.test("fromListEntry() reads phase and exit code from each state of the engine", () => {
  const cases: [string, string, string, number?, string?][] = [
    ["created", "Created", "pending"],
    ["running", "Up 3 minutes", "running"],
    ["paused", "Up 3 minutes (Paused)", "running", undefined, "Up 3 minutes (Paused)"],
    ["restarting", "Restarting (1) 2 seconds ago", "starting", undefined, "Restarting (1) 2 seconds ago"],
    ["exited", "Exited (0) Less than a second ago", "exited", 0],
    ["exited", "Exited (137) 3 minutes ago", "exited", 137],
    ["removing", "Removal In Progress", "exited", undefined, "Removal In Progress"],
    ["dead", "Dead", "exited", undefined, "Dead"],
  ];
  for (const [state, status, phase, exitCode, reason] of cases) {
    assert.deepEqual(fromListEntry(entry(state, status)), {
      id: "id",
      name: "bot-a",
      image: "img:1",
      labels: { "runtime.id": "a" },
      phase,
      ...(state === "paused" && { isPaused: true }),
      ...(exitCode !== undefined && { exitCode }),
      ...(reason !== undefined && { reason }),
      createdAt: new Date("2023-11-14T22:13:20Z"),
    });
  }
});

Deno.test("fromListEntry() does not take a state it does not know for an exit", () => {
  assert.equal(fromListEntry(entry("stopping", "Stopping")).phase, "running");
});

Deno.test("fromInspection() leaves out times that have not come", () => {
  const never = "0001-01-01T00:00:00Z";
  const inspected = {
    Id: "id",
    Name: "/bot-a",
    Created: "2026-01-02T03:04:05.678Z",
    Config: { Image: "img:1", Labels: null },
    State: {
      Status: "created",
      OOMKilled: false,
      ExitCode: 0,
      Error: "",
      StartedAt: never,
      FinishedAt: never,
    },
  };
  assert.deepEqual(fromInspection(inspected as never), {
    id: "id",
    name: "bot-a",
    image: "img:1",
    labels: {},
    phase: "pending",
    oomKilled: false,
    createdAt: new Date("2026-01-02T03:04:05.678Z"),
  });
});

Deno.test("fromInspection() tells how and why a container ended", () => {
  const inspected = {
    Id: "id",
    Name: "/bot-a",
    Created: "2026-01-02T03:04:05Z",
    Config: { Image: "img:1", Labels: { a: "b", [CREATE_ID_LABEL]: "1" } },
    State: {
      Status: "exited",
      OOMKilled: true,
      ExitCode: 137,
      Error: "the engine's words",
      StartedAt: "2026-01-02T03:04:06Z",
      FinishedAt: "2026-01-02T03:04:07Z",
    },
  };
  const { labels, phase, exitCode, oomKilled, reason, startedAt, finishedAt } = fromInspection(
    inspected as never,
  );
  assert.deepEqual({ labels, phase, exitCode, oomKilled, reason }, {
    labels: { a: "b" },
    phase: "exited",
    exitCode: 137,
    oomKilled: true,
    reason: "the engine's words",
  });
  assert.equal(finishedAt!.getTime() - startedAt!.getTime(), 1000);
});
