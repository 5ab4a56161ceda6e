/** What is sent, and word of each part that the engine has taken: an upload that moves is a sign of life as output is. */
export async function* watchedUpload(
  content: AsyncIterable<Uint8Array>,
  moved: () => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of content) {
    yield chunk;
    moved();
  }
}
