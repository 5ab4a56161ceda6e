// `npm start`: all of Berth on one machine, until Ctrl-C.
import { launch } from "./launch.ts";

await launch(process.env);
