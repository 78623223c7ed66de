import assert from "node:assert/strict";
import { FlowCredit } from "../../../../lib/logs/flow_credit.ts";

const MB = 1e6;
const LONG = 1e4;

/** Lines of 10,000 bytes: what the engine adds to them is next to nothing. */
function spend(credit: FlowCredit, bytes: number, stream = "stdout") {
  credit.spend(stream, { bytes, lines: bytes / LONG });
}

Deno.test("FlowCredit gives nothing before it is known how much waits", () => {
  const credit = new FlowCredit(20 * MB);
  assert.equal(credit.isOpen, false);
  assert.equal(credit.waiting, 20 * MB);
  assert.equal(credit.expected, undefined);
  credit.beginShipment()();
  assert.equal(credit.isOpen, true);
  assert.equal(credit.waiting, 0);
});

Deno.test("FlowCredit lets as much be printed as is stored, and a part of what the engine keeps", () => {
  const credit = new FlowCredit(20 * MB);
  credit.beginShipment()();
  spend(credit, 8 * MB);
  assert.equal(credit.isOpen, true);
  spend(credit, 1 * MB);
  assert.equal(credit.isOpen, false);
  credit.earn(1 * MB);
  assert.equal(credit.isOpen, true);
  spend(credit, 1 * MB, "stderr");
  assert.equal(credit.isOpen, false, "there are two pipes now");
});

Deno.test("FlowCredit takes what was printed during a shipment for waiting", () => {
  const credit = new FlowCredit(20 * MB);
  spend(credit, 1 * MB);
  const settle = credit.beginShipment();
  spend(credit, 2 * MB);
  settle();
  assert.equal(Math.round(credit.waiting / MB), 2);
});

Deno.test("FlowCredit lets less of short lines be printed: the engine keeps them several times as large", () => {
  const of = (lineBytes: number) => {
    const credit = new FlowCredit(20 * MB);
    credit.beginShipment()();
    let bytes = 0;
    while (credit.isOpen) {
      credit.spend("stdout", { bytes: 1000 * lineBytes, lines: 1000 });
      bytes += 1000 * lineBytes;
    }
    return bytes / MB;
  };
  assert.ok(of(10) < 0.3 && of(100) > 4, `${of(10)} and ${of(100)} MB`);
  assert.ok(of(1) > 0, "never nothing");
});

Deno.test("FlowCredit expects what was printed since the last shipment, and what is on the way", () => {
  const credit = new FlowCredit(20 * MB);
  credit.beginShipment()();
  spend(credit, 9 * MB);
  const first = credit.expected!;
  assert.ok(first >= (9 + 1) * MB / LONG, String(first));
  credit.beginShipment()();
  spend(credit, 1 * MB);
  const second = credit.expected!;
  assert.ok(second >= (1 + 1) * MB / LONG && second < 4 * MB / LONG, String(second));
});

Deno.test("FlowCredit does not drift: what was earned too much is known after a shipment", () => {
  const credit = new FlowCredit(20 * MB);
  const settle = credit.beginShipment();
  spend(credit, 9 * MB);
  credit.earn(100 * MB);
  settle();
  assert.ok(credit.waiting > 7 * MB && credit.waiting < 9 * MB, String(credit.waiting));
});
