// The client that @hey-api/openapi-ts generates.
import * as sdk from "./visualsnoop";
import { createClient } from "./visualsnoop/client";
import { play } from "./scenario";
import { sign } from "./signer";

await play((baseUrl, publicKey, secretKey) => {
  const client = createClient({ baseUrl });
  client.interceptors.request.use((request) => sign(request, publicKey, secretKey));

  const answer = async (
    call: Promise<{ data?: unknown; error?: unknown; response?: Response }>,
  ) => {
    const { data, error, response } = await call;
    return { status: response?.status ?? 0, body: data ?? error };
  };
  return {
    getCollection: (query) => answer(sdk.getCollection({ client, query })),
    addImage: (_, body) => answer(sdk.addImage({ client, body })),
    addImageWithId: (path, body) => answer(sdk.addImageWithId({ client, path, body })),
    addOrReplaceImage: (path, body) => answer(sdk.addOrReplaceImage({ client, path, body })),
    getImage: (path) => answer(sdk.getImage({ client, path })),
    getThumbnail: (path) => answer(sdk.getThumbnail({ client, path })),
    deleteImage: (path) => answer(sdk.deleteImage({ client, path })),
    listImages: (query) => answer(sdk.listImages({ client, query })),
    searchImages: (query, body) => answer(sdk.searchImages({ client, query, body })),
    searchImagesById: ({ image_id, ...query }) =>
      answer(sdk.searchImagesById({ client, path: { image_id }, query })),
    compareImage: (path, body) => answer(sdk.compareImage({ client, path, body })),
    compareImagesById: (path) => answer(sdk.compareImagesById({ client, path })),
    listDuplicates: (query) => answer(sdk.listDuplicates({ client, query })),
    setNotDuplicates: (path) => answer(sdk.setNotDuplicates({ client, path })),
    unsetNotDuplicates: (path) => answer(sdk.unsetNotDuplicates({ client, path })),
  };
});
