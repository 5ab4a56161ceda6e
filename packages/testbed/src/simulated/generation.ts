/** The two generations of Docker that labs run, as far as their HTTP answers differ. Taken from real engines. */
export type GenerationName = "28.5" | "20.10";

export interface Generation {
  name: GenerationName;
  server_version: string;
  api_version: string;
  min_api_version: string;
  git_commit: string;
  go_version: string;
  build_time: string;
  containerd_version: string;
  runc_version: string;
  operating_system: string;
  /** 28.5 starts most messages with a small letter where 20.10 wrote a capital. */
  isModern: boolean;
}

const GENERATIONS: Record<GenerationName, Generation> = {
  "28.5": {
    name: "28.5",
    server_version: "28.5.2",
    api_version: "1.51",
    min_api_version: "1.24",
    git_commit: "3ef3c07",
    go_version: "go1.25.3",
    build_time: "2025-11-05T14:43:25.000000000+00:00",
    containerd_version: "v2.1.5",
    runc_version: "1.3.3",
    operating_system: "Debian GNU/Linux 13 (trixie)",
    isModern: true,
  },
  "20.10": {
    name: "20.10",
    server_version: "20.10.24",
    api_version: "1.41",
    min_api_version: "1.12",
    git_commit: "5d6db84",
    go_version: "go1.19.7",
    build_time: "2023-04-04T18:18:43.000000000+00:00",
    containerd_version: "1.6.20",
    runc_version: "1.1.5",
    operating_system: "Debian GNU/Linux 12 (bookworm)",
    isModern: false,
  },
};

export function generationOf(name: GenerationName): Generation {
  return GENERATIONS[name];
}
