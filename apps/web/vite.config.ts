import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** What the first page needs comes in one request; what pages share, in as few as bring no page what it has no use for. */
const CHUNKS = [
  { name: "core", tags: ["$initial" as const] },
  { name: "shared", test: /node_modules/, entriesAware: true, entriesAwareMergeThreshold: 8_000 },
];

export default defineConfig({
  plugins: [react(), compressed()],
  build: {
    chunkSizeWarningLimit: 600, // kB: `core` is what the first page needs
    target: "es2022",
    sourcemap: false,
    rolldownOptions: { output: { codeSplitting: { groups: CHUNKS } } },
  },
  server: { proxy: { "/trpc": "http://127.0.0.1:3000" } },
});

/** Beside each file of the build its `.br` and `.gz`, which the server hands out as they are. */
function compressed(): Plugin {
  let folder = "";
  return {
    name: "berth-compressed",
    apply: "build",
    configResolved: ({ root, build }) => void (folder = join(root, build.outDir)),
    async writeBundle() {
      const files = await readdir(folder, { recursive: true });
      await Promise.all(
        files.filter((file) => /\.(js|css|html|svg)$/.test(file)).map((file) => compress(join(folder, file))),
      );
    },
  };
}

async function compress(path: string): Promise<void> {
  const content = await readFile(path);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(content, { params }));
  await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
}
