/** Why a request failed, in words. */

/** A failed request. `code` is the stable name of the problem, `advice` what to do. */
export class Problem extends Error {
  constructor({ status, code, detail, advice }) {
    super(detail);
    this.status = status;
    this.code = code;
    this.advice = advice;
  }

  /** The problem of an answer: the service sends RFC 9457 documents, something in between may send anything. */
  static async of(response) {
    const { status } = response;
    const body = await response.json().catch(() => undefined) ?? {};
    return new Problem({
      status,
      code: body.code ?? `http/${status}`,
      detail: body.detail ?? `The service answered with status ${status}.`,
      advice: body.advice,
    });
  }
}

/** Nobody answered. */
export const unreachable = () =>
  new Problem({
    status: 0,
    code: "service/unreachable",
    detail: "The service does not answer.",
    advice: "Nothing is lost; the page connects by itself. Then try again.",
  });
