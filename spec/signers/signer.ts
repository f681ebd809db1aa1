import { createHmac } from "node:crypto";

/** The signature of a request, as base64. */
export function signature(secretKey: string, method: string, path: string, date: string): string {
  const message = `${method.toUpperCase()}\n${path}\n${date}`;
  return createHmac("sha1", secretKey.trim()).update(message).digest("base64");
}

/** Sign a request: the last thing that is done to it before it is sent. */
export function sign(request: Request, publicKey: string, secretKey: string): Request {
  const date = request.headers.get("Date") ?? new Date().toUTCString();
  const path = new URL(request.url).pathname;
  const signed = signature(secretKey, request.method, path, date);
  request.headers.set("Date", date);
  request.headers.set("Authorization", `VSHMAC ${publicKey}:${signed}`);
  request.headers.set("X-Visualsnoop-Client-Version", "my-client/1.0");
  return request;
}
