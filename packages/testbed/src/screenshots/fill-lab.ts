import { hashAsClient } from "@berth/api/auth/password.ts";
import { type BerthClient, createBerthClient } from "@berth/api/client.ts";
import type { ContainerPhase } from "@berth/spec/container.ts";
import pg from "pg";
import { waitUntil } from "../fleet/wait-until.ts";
import { ADMIN, type Lab } from "./start-lab.ts";

const PASSWORD = "of everybody in a lab that is only shown";
const PEOPLE = [
  { account: "li.na", nickname: "李娜", photo: "whale" },
  { account: "wang.wei", nickname: "王伟", photo: "lighthouse" },
  { account: "chen.yu", nickname: "陈宇", photo: "boat" },
  { account: "m.garcia", nickname: "María García", photo: "crab" },
  { account: "zhao.min", nickname: "赵敏", photo: "gull" },
] as const;
/** Whom the pages of a user are shown of. */
export const USER = { account: PEOPLE[0].account, password: PASSWORD };

/** What a training prints. */
const TRAIN = Array.from({ length: 24 }, (_, index) => {
  const [step, loss] = [(index + 1) * 50, (2.41 * 0.93 ** index + 0.31).toFixed(4)];
  return `echo 'step ${String(step).padStart(5)}  loss ${loss}  lr 3.0e-04  1.82 it/s'`;
}).join("; ");

export interface FilledLab {
  container_id: number;
  failed_id: number;
  /** One that was saved from a container. */
  image_id: number;
  machine_id: string;
}

type Client = (account: string) => BerthClient;

/** People, their containers, and where these came from, as after some weeks of work. All of it through the API. */
export async function fillLab(lab: Lab): Promise<FilledLab> {
  const admin = createBerthClient({ url: lab.url, ...ADMIN });
  for (const { account } of PEOPLE) {
    await admin.user.create.mutate({ account, password: hashAsClient(PASSWORD), role: "user" });
  }
  const clients = new Map(
    PEOPLE.map(({ account }) => [account as string, createBerthClient({ url: lab.url, account, password: PASSWORD })]),
  );
  const as: Client = (account) => clients.get(account)!;
  for (const { account, nickname, photo } of PEOPLE) {
    const { user_id } = await as(account).user.me.query();
    await as(account).user.set_profile.mutate({ field: "nickname", value: nickname });
    await as(account).user.set_photo_default.mutate({ user_id, photo });
    await admin.user.update.mutate({
      user_id,
      quota: { gpus: 8, containers: 8, images: 20, storage: 500_000_000_000 },
    });
  }
  await fillStorages(admin);
  await waitUntil("the machines to tell of themselves", 60_000, async () => {
    const { items } = await admin.machine.list.query({});
    return items.length === 4 && items.every(({ online, telemetry }) => online && telemetry?.stale === false);
  });
  await fillImages(admin);
  const containers = await fillContainers(admin, as);
  const saved = await as(USER.account).container.save.mutate({
    container_id: containers.container_id,
    name: "resnet-tuned:2",
  });
  await untilReady(admin, saved.image_id);
  await build(admin);
  const { items: machines } = await admin.machine.list.query({});
  const last = machines.find(({ name }) => name === "gpu-sim-3");
  if (last) await admin.machine.update.mutate({ machine_id: last.machine_id, state: "cordoned" });
  await admin.invitation.create.mutate({ note: "2026 秋季新生", uses: 12, expires_in_days: 30 });
  await age(lab);
  return { ...containers, image_id: saved.image_id, machine_id: machines[0]!.machine_id };
}

async function fillStorages(admin: BerthClient): Promise<void> {
  await admin.storage.create.mutate({ name: "home", display_name: "家目录", kind: "home", path: "/srv/homes" });
  await admin.storage.create.mutate({
    name: "imagenet",
    display_name: "ImageNet-1k",
    kind: "dataset",
    path: "/srv/datasets/imagenet",
  });
  await admin.storage.create.mutate({ name: "scratch", kind: "scratch" });
}

const untilReady = (admin: BerthClient, image_id: number): Promise<void> =>
  waitUntil("an image to be ready", 60_000, async () => (await admin.image.get.query({ image_id })).phase === "Ready");

async function fillImages(admin: BerthClient): Promise<void> {
  for (const [name, display_name, from] of [
    ["public/pytorch:2.9-cuda12.8", "PyTorch 2.9", "docker.io/pytorch/pytorch:2.9.0-cuda12.8-cudnn9-devel"],
    ["public/vllm:0.11", "vLLM 0.11", "docker.io/vllm/vllm-openai:v0.11.0"],
  ] as const) {
    const { image_id } = await admin.image.mirror.mutate({ from, name, display_name });
    await untilReady(admin, image_id);
  }
}

async function build(admin: BerthClient): Promise<void> {
  const dockerfile =
    "FROM public/pytorch:2.9-cuda12.8\nRUN echo 'pip install accelerate datasets wandb'\nWORKDIR /workspace\n";
  const { image_id } = await admin.image.build.mutate({
    name: "public/train-base:1",
    display_name: "训练基础镜像",
    dockerfile,
  });
  await untilReady(admin, image_id);
}

async function fillContainers(admin: BerthClient, as: Client): Promise<{ container_id: number; failed_id: number }> {
  const torch = "public/pytorch:2.9-cuda12.8";
  const mounts = [
    { storage: "home", path: "/home/me" },
    { storage: "imagenet", path: "/data" },
  ];
  const ports = [
    { name: "ssh", kind: "ssh" as const, container_port: 22 },
    { name: "jupyter", kind: "http" as const, container_port: 8888 },
  ];
  const sleeps = ["sleep", "1000000"];
  const trains = ["sh", "-c", `${TRAIN}; sleep 1000000`];
  const types = (await admin.machine.list.query({})).items.flatMap(({ gpus }) => gpus.map(({ type }) => type));
  const typeOf = (part: string): string => types.find((type) => type.includes(part)) ?? part;
  const [r4090, a100, l40s, r3060] = ["4090", "A100", "L40S", "3060"].map(typeOf) as [string, string, string, string];
  const run = async (
    account: string,
    wish: Parameters<BerthClient["container"]["create"]["mutate"]>[0],
    phase: ContainerPhase = "Running",
  ): Promise<number> => {
    const { container_id } = await as(account).container.create.mutate({ image: torch, command: sleeps, ...wish });
    await waitUntil(
      `${wish.name} to be ${phase}`,
      60_000,
      async () => (await admin.container.get.query({ container_id })).phase === phase,
    );
    return container_id;
  };
  const container_id = await run("li.na", {
    name: "resnet-finetune",
    display_name: "ResNet 微调",
    gpu_type: a100,
    gpu_count: 2,
    command: trains,
    mounts,
    ports,
    memory: 131_072,
    cpus: 16,
  });
  await run("li.na", { name: "notebook", gpu_type: r4090, gpu_count: 1, ports });
  const stopped = await run("li.na", { name: "data-cleaning" });
  await as("li.na").container.stop.mutate({ container_id: stopped });
  await run("wang.wei", { name: "llama-sft", gpu_type: a100, gpu_count: 4, command: trains, mounts });
  await run("chen.yu", { name: "vllm-serve", image: "public/vllm:0.11", gpu_type: l40s, gpu_count: 2, ports });
  await run("m.garcia", { name: "diffusion", gpu_type: r4090, gpu_count: 2, mounts });
  await run("zhao.min", { name: "segmentation", gpu_type: r3060, gpu_count: 2 });
  const failed_id = await run(
    "chen.yu",
    { name: "eval-broken", gpu_type: l40s, gpu_count: 1, command: ["python", "evaluate.py"] },
    "BackOff",
  );
  await run("wang.wei", { name: "hyper-search", gpu_type: r3060, gpu_count: 1 }, "Waiting");
  return { container_id, failed_id };
}

/** Weeks of it were minutes: each row is moved back by what its place says. */
async function age({ database_url }: Lab): Promise<void> {
  const client = new pg.Client({ connectionString: database_url });
  await client.connect();
  for (const statement of [
    "UPDATE users SET created_at = created_at - interval '61 days' - user_id * interval '9 days'",
    "UPDATE machines SET created_at = created_at - interval '70 days'",
    "UPDATE images SET created_at = created_at - interval '30 days' + image_id * interval '4 days 3 hours'",
    "UPDATE containers SET created_at = created_at - interval '9 days' + container_id * interval '21 hours'",
    "UPDATE gpu_allocations SET since = since - interval '8 days' + container_id * interval '19 hours'",
  ]) {
    await client.query(statement);
  }
  await client.end();
}
