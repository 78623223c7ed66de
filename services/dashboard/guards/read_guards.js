/** Reads what guards do. */

import { call } from "../store/api.js";

/** Gives the answer; `null` if the service stands by, and so does not know it. */
export const readGuards = (path, signal) =>
  call(path, { signal }).catch((error) => error.status === 409 ? null : Promise.reject(error));
