import { BlockList, isIP, isIPv6 } from "node:net";
import type { FastifyRequest } from "fastify";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * The request comes from this machine. Where a proxy on this machine passes it on, from whom it does counts, whether we
 * are told to believe the proxy or not; a caller can add addresses to that list, and none of them helps. A browser of this
 * machine may have been led here by a page of another name: it calls us by that name, and never by an address.
 */
export function isFromThisMachine({ raw, headers }: Pick<FastifyRequest, "raw" | "headers">): boolean {
  if (headers.forwarded !== undefined || headers["x-real-ip"] !== undefined) return false;
  if (headers.host !== undefined && !isOwnName(headers.host)) return false;
  const forwardedFor = [headers["x-forwarded-for"] ?? []].flat().flatMap((list) => list.split(","));
  return [raw.socket.remoteAddress ?? "", ...forwardedFor].every((address) => isLoopback(address.trim()));
}

function isOwnName(host: string): boolean {
  const name = URL.parse(`http://${host}`)?.hostname ?? "";
  return name === "localhost" || isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}

const isLoopback = (address: string): boolean =>
  isIP(address) !== 0 && LOOPBACK.check(address, isIPv6(address) ? "ipv6" : "ipv4");
