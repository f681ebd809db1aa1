// What a program in TypeScript does with the client that is generated from the contract, against a
// running service. Arguments: endpoint, public key, secret key, test vectors, an image file.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { client } from "./visualsnoop/client.gen";
import {
  addImageWithId,
  compareImage,
  deleteImage,
  getCollection,
  getImage,
  listImages,
  searchImages,
} from "./visualsnoop";
import { sign, signature } from "./signer";

const [endpoint, publicKey, secretKey, vectorsFile, imageFile] = process.argv.slice(2);

const vectors = JSON.parse(readFileSync(vectorsFile, "utf-8"));
for (const vector of vectors) {
  const path = new URL(vector.url).pathname;
  const signed = signature(vector.secret_key, vector.method, path, vector.date);
  assert.equal(signed, vector.signature, vector.name);
}

client.setConfig({ baseUrl: endpoint });
client.interceptors.request.use((request) => sign(request, publicKey, secretKey));

const body = new Blob([readFileSync(imageFile)]);
const path = { image_id: "Urlaub/Straße am Meer 100%?.jpg" };

const collection = await getCollection({ throwOnError: true });
assert.equal(collection.data.image_count, 0);

const added = await addImageWithId({ path, body, throwOnError: true });
assert.equal(added.data.image_id, path.image_id);
assert.ok(Math.abs(Date.now() - Date.parse(added.data.image_time)) < 60_000);

const taken = await addImageWithId({ path, body });
assert.equal(taken.error?.status, 409);

const listed = await listImages({ query: { count: 1 }, throwOnError: true });
assert.deepEqual(listed.data.images.map((image) => image.id), [path.image_id]);
assert.equal(listed.data.next_image_id, null);

const found = await searchImages({ body, query: { min_score: 0.9 }, throwOnError: true });
assert.equal(found.data.results[0].id, path.image_id);
assert.equal(found.data.results[0].transform, "none");
assert.ok(found.data.results[0].score > 0.99);

const compared = await compareImage({ path, body, throwOnError: true });
assert.ok(compared.data.score > 0.99);

await deleteImage({ path, throwOnError: true });
const gone = await getImage({ path });
assert.equal(gone.error?.status, 404);
assert.match(gone.error?.message ?? "", /Straße/);

console.log(`TypeScript: ${vectors.length} signatures and 8 operations are as the contract says`);
