/**
 * The error of a start whose account somebody else holds.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";
import { type AccountHolder, describeHolder } from "./account_holder.ts";

/** Another bot or run holds an account. */
export class AccountHeldError extends BerthError {
  /** The account. */
  readonly account: string;
  /** The holder. */
  readonly holder: AccountHolder;
  /** The account and its holder: continues "waiting for". */
  readonly waitsFor: string;

  /**
   * Makes the error.
   *
   * @param account The account.
   * @param holder The holder of it.
   * @param since When it was taken, by the clock of whoever took it.
   */
  constructor(account: string, holder: AccountHolder, since: Date) {
    const waitsFor = `account ${account}: held by ${describeHolder(holder)} since ${since.toISOString()}`;
    super("account/held", waitsFor);
    this.account = account;
    this.holder = holder;
    this.waitsFor = waitsFor;
  }
}
