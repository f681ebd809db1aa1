// The client openapi-fetch, by the types that openapi-typescript generates.
import createClient from "openapi-fetch";
import type { paths } from "./visualsnoop-paths";
import { play } from "./scenario";
import { sign } from "./signer";

await play((baseUrl, publicKey, secretKey) => {
  const client = createClient<paths>({ baseUrl });
  client.use({ onRequest: ({ request }) => sign(request, publicKey, secretKey) });

  // The types say string where the contract says binary.
  const upload = (picture: Blob) => ({
    body: picture as unknown as string,
    bodySerializer: (body: string) => body,
    headers: { "Content-Type": "application/octet-stream" },
  });
  const answer = async (
    call: Promise<{ data?: unknown; error?: unknown; response: Response }>,
  ) => {
    const { data, error, response } = await call;
    return { status: response.status, body: data ?? error };
  };
  return {
    getCollection: (query) => answer(client.GET("/collection", { params: { query } })),
    addImage: (_, picture) => answer(client.POST("/image", upload(picture))),
    addImageWithId: (path, picture) =>
      answer(client.POST("/image/{image_id}", { params: { path }, ...upload(picture) })),
    addOrReplaceImage: (path, picture) =>
      answer(client.PUT("/image/{image_id}", { params: { path }, ...upload(picture) })),
    getImage: (path) => answer(client.GET("/image/{image_id}", { params: { path } })),
    getThumbnail: (path) =>
      answer(client.GET("/image/{image_id}/thumbnail", { params: { path } })),
    deleteImage: (path) => answer(client.DELETE("/image/{image_id}", { params: { path } })),
    listImages: (query) => answer(client.GET("/images", { params: { query } })),
    searchImages: (query, picture) =>
      answer(client.POST("/search", { params: { query }, ...upload(picture) })),
    searchImagesById: ({ image_id, ...query }) =>
      answer(client.GET("/search/{image_id}", { params: { path: { image_id }, query } })),
    compareImage: (path, picture) =>
      answer(client.POST("/compare/{image_id}", { params: { path }, ...upload(picture) })),
    compareImagesById: (path) =>
      answer(client.GET("/compare/{image_id}/{other_id}", { params: { path } })),
    listDuplicates: (query) => answer(client.GET("/duplicates", { params: { query } })),
    setNotDuplicates: (path) =>
      answer(client.PUT("/not-duplicates/{image_id}/{other_id}", { params: { path } })),
    unsetNotDuplicates: (path) =>
      answer(client.DELETE("/not-duplicates/{image_id}/{other_id}", { params: { path } })),
  };
});
