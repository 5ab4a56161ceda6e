import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** What is sent instead of the password. In plain JavaScript: over http a browser has no `crypto.subtle`. */
export const hashPassword = (password: string): string => bytesToHex(sha256(utf8ToBytes(password)));
