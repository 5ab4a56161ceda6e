import type { Sayings } from "../lib/translate.ts";
import { containers } from "./said/containers.ts";
import { engine } from "./said/engine.ts";
import { images } from "./said/images.ts";
import { joining } from "./said/joining.ts";
import { machines } from "./said/machines.ts";
import { people } from "./said/people.ts";
import { requests } from "./said/requests.ts";
import { storages } from "./said/storages.ts";
import { words } from "./said/words.ts";
import { zod } from "./said/zod.ts";

/** What the code says, by who says it. */
export const PARTS = { containers, engine, images, joining, machines, people, requests, storages, words, zod };

/** What the server, the reconciler and the schemas say in English, in Chinese. */
export const said: Sayings = Object.assign({}, ...Object.values(PARTS));
