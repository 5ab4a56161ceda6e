import type { IncomingMessage } from "node:http";
import type { Place } from "./place.ts";

/**
 * Why this request was not made by a page of its own container, or by a person who goes there; null where it was, as far
 * as a browser tells. Browsers tell `Sec-Fetch-*` over https and on loopback only. On a shared origin a page can write the
 * `Referer` that it likes, so this is not what confines it: its content security policy is.
 */
export function refuseForeign({ headers, method }: IncomingMessage, place: Place): string | null {
  const { origin, referer } = headers;
  const own = `${place.scheme}://${place.host}`;
  if (origin !== undefined && origin !== own) return "A page of another origin can't ask this.";
  const site = headers["sec-fetch-site"];
  const isVisit =
    headers["sec-fetch-mode"] === "navigate" &&
    headers["sec-fetch-dest"] === "document" &&
    (method === "GET" || method === "HEAD");
  if (site !== undefined && site !== "same-origin" && site !== "none" && !isVisit) {
    return "A page of another origin can't ask this.";
  }
  if (!place.isShared) return null;
  // It could answer in the place of this proxy, without the headers that confine its pages.
  if (headers["service-worker"] !== undefined || headers["sec-fetch-dest"] === "serviceworker") {
    return "Service workers need an origin of their own: an admin sets BERTH_PROXY_DOMAIN.";
  }
  const page = URL.parse(referer ?? "");
  const isOther = page?.host === place.host && !page.pathname.startsWith(place.containerPath);
  return isOther && !isVisit && page.pathname !== "/" ? "A page of another container can't ask this." : null;
}
