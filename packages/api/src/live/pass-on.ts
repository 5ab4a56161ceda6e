import { toTrpcError } from "../to-trpc-error.ts";

/** What a subscription yields; its failures are told as those of a query: the middleware sees only its beginning. */
export async function* passOn<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item, void> {
  try {
    yield* items;
  } catch (error) {
    throw toTrpcError(error);
  }
}

/** For a caller in this process that gave no signal: it ends its subscription by not asking for more. */
export const NEVER = new AbortController().signal;
