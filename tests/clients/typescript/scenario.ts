// Plays the scenario of the contract by the calls of a client.
// Arguments of the program: endpoint, public key, secret key, folder of the contract, scenario.
import { openAsBlob, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { signature } from "./signer";

/** What came back; it is an object of JSON, which has just the types that the client promises. */
export type Answer = { status: number; body: unknown };

/** A client's calls by the operations of the contract; their parameters have the names there. */
export type Calls = Record<string, (parameters: any, picture: Blob) => Promise<Answer>>;

export async function play(client: (endpoint: string, publicKey: string, secretKey: string) => Calls) {
  const [endpoint, publicKey, ourSecretKey, spec, scenario] = process.argv.slice(2);
  const saved: Record<string, unknown> = {};
  let passed = 0;
  let failed = 0;

  const report = (name: string, differences: string[]) => {
    differences.length ? failed++ : passed++;
    if (differences.length) console.log(`FAILED  ${name}: ${differences.join("; ")}`);
  };

  for (const vector of JSON.parse(readFileSync(`${spec}/signing-vectors.json`, "utf-8"))) {
    const path = new URL(vector.url).pathname;
    const signed = signature(vector.secret_key, vector.method, path, vector.date);
    report(vector.name, different(vector.signature, signed, "signature"));
  }

  for (const step of JSON.parse(readFileSync(scenario, "utf-8")).calls) {
    const calls = client(endpoint, publicKey, step.secret_key ?? ourSecretKey);
    const picture = step.picture ? await openAsBlob(`${spec}/pictures/${step.picture}`) : new Blob();
    const answer = await calls[step.operation](filled(step.parameters ?? {}, saved), picture);
    const expected = filled({ status: step.status, ...step.answer }, saved);
    report(step.name, [
      ...different(step.status, answer.status, "HTTP status"),
      ...different(expected, answer.body, "answer"),
    ]);
    for (const [name, field] of Object.entries<string>(step.save ?? {})) {
      saved[name] = (answer.body as Record<string, unknown>)[field];
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

/** A value of the scenario with what was saved in it. */
function filled(value: any, saved: Record<string, unknown>): any {
  if (Array.isArray(value)) return value.map((item) => filled(item, saved));
  if (value === null || typeof value !== "object") return value;
  if ("$saved" in value) return saved[value.$saved];
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, filled(part, saved)]));
}

/** Where a value has not at least the fields, and exactly the items, that are expected. */
function different(expected: any, actual: any, place: string): string[] {
  if (expected !== null && typeof expected === "object" && "$at_least" in expected) {
    return actual >= expected.$at_least ? [] : [`${place} is ${actual}`];
  }
  if (Array.isArray(expected) && expected.length === actual?.length) {
    return expected.flatMap((item, number) => different(item, actual[number], `${place}[${number}]`));
  }
  if (expected !== null && typeof expected === "object" && !Array.isArray(expected)) {
    return Object.entries(expected).flatMap(([name, part]) =>
      different(part, actual?.[name], `${place}.${name}`),
    );
  }
  const isEqual = isDeepStrictEqual(expected, actual);
  return isEqual ? [] : [`${place} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`];
}
