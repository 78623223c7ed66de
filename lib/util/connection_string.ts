/**
 * Parses connection strings: `scheme://user:password@host:port,host:port/path?query`. No other code parses them, so that
 * no part of a password is ever mistaken for a host.
 *
 * @module
 */

/** A host of a connection string. */
export interface ConnectionHost {
  /** Host name or address; an IPv6 address has no brackets. */
  readonly hostname: string;
  /** Port, if there is one. */
  readonly port?: number;
}

/** Parts of a connection string. */
export interface ConnectionString {
  /** Scheme without `://`. */
  readonly scheme: string;
  /** Decoded user, if there is one. */
  readonly user?: string;
  /** Decoded password, if there is one. */
  readonly password?: string;
  /** Hosts, at least one. */
  readonly hosts: readonly ConnectionHost[];
  /** Path and query, which follow the hosts. */
  readonly rest: string;
}

/** Rules for a connection string. */
export interface ConnectionStringRules {
  /** Allowed schemes. */
  readonly schemes: readonly string[];
  /** Scheme of a string without one. @default {a scheme is required} */
  readonly defaultScheme?: string;
}

/** Why a string cannot be used. Contains no part of it. */
export interface ConnectionStringProblem {
  /** The problem and the advice, as a clause that follows the name of the variable. */
  readonly problem: string;
}

const SCHEME = /^([a-z][a-z0-9+.-]{0,20}):\/\//i;
const HOST = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([a-zA-Z0-9_][a-zA-Z0-9._-]{0,254}))(?::(\d{1,5}))?$/;
const ENCODE =
  "percent-encode '/', '?', '#', '@', ':' and ',' in user and password (%2F, %3F, %23, %40, %3A, %2C)";

/**
 * Parses a connection string. Refuses a string in which a part of a password could be mistaken for a host or a path.
 *
 * @param text The string.
 * @param rules See {@linkcode ConnectionStringRules}.
 * @returns The parts, or what is wrong.
 */
export function parseConnectionString(
  text: string,
  { schemes, defaultScheme }: ConnectionStringRules,
): ConnectionString | ConnectionStringProblem {
  const given = SCHEME.exec(text)?.[1]?.toLowerCase();
  const scheme = given ?? (text.includes("://") ? undefined : defaultScheme);
  if (scheme === undefined || (given !== undefined && !schemes.includes(given))) {
    const wanted = schemes.map((name) => `${name}://`).join(" or ");
    return {
      problem: wanted ? `must begin with ${wanted}` : "must be host:port, without a scheme such as http://",
    };
  }
  const after = given === undefined ? text : text.slice(given.length + 3);
  const end = after.search(/[/?#]/);
  const [authority, rest] = end < 0 ? [after, ""] : [after.slice(0, end), after.slice(end)];
  const at = authority.indexOf("@");
  // An '@' after the host means that the '/', '?' or '#' before it belongs to the password.
  if (rest.includes("@") || at !== authority.lastIndexOf("@")) return { problem: ENCODE };
  const hosts = authority.slice(at + 1).split(",").map(parseHost);
  if (hosts.includes(undefined)) {
    return { problem: `must name hosts as host:port; ${ENCODE}` };
  }
  const [user, password] = at < 0 ? [] : splitOnce(authority.slice(0, at), ":");
  return {
    scheme,
    ...(user !== undefined && { user: decode(user) }),
    ...(password !== undefined && { password: decode(password) }),
    hosts: hosts as ConnectionHost[],
    rest,
  };
}

/**
 * Parses several connection strings separated by commas: `nats://a:1,nats://b:2`. Each has its own credentials.
 *
 * @param text The strings.
 * @param rules See {@linkcode ConnectionStringRules}.
 * @returns The parts of each, or what is wrong.
 */
export function parseConnectionStrings(
  text: string,
  rules: ConnectionStringRules,
): ConnectionString[] | ConnectionStringProblem {
  const texts = text.split(",").map((each) => each.trim()).filter((each) => each !== "");
  // This is how a comma in a password looks.
  if (texts.slice(1).some((each) => each.includes("@") && !SCHEME.test(each))) return { problem: ENCODE };
  const parsed: ConnectionString[] = [];
  for (const each of texts.length === 0 ? [""] : texts) {
    const one = parseConnectionString(each, rules);
    if ("problem" in one) return one;
    parsed.push(one);
  }
  return parsed;
}

/**
 * Removes everything that could be credentials from a string, so that it can be shown.
 *
 * @param text Any string, perhaps a connection string.
 */
export function withoutCredentials(text: string): string {
  const at = text.lastIndexOf("@");
  if (at < 0) return text;
  const scheme = text.indexOf("://");
  return `${scheme >= 0 && scheme < at ? text.slice(0, scheme + 3) : ""}…${text.slice(at)}`;
}

function parseHost(text: string): ConnectionHost | undefined {
  const [, bracketed, plain, digits] = HOST.exec(text) ?? [];
  const hostname = bracketed ?? plain;
  const port = digits === undefined ? undefined : Number(digits);
  if (hostname === undefined || port === 0 || (port ?? 1) > 65_535) return undefined;
  return { hostname, ...(port !== undefined && { port }) };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Decodes a string. A percent sign that encodes nothing stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
