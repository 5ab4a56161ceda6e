import type { ConsoleTab } from "../console/console-tab.ts";
import type { FilledLab } from "./fill-lab.ts";

export interface ShownPage {
  /** Of its files. */
  name: string;
  /** Whose page it is; `nobody` has not signed in. */
  who: "admin" | "user" | "nobody";
  path: string;
  /** What is done there before the picture is taken, and what it is to wait for. */
  steps?: (tab: ConsoleTab) => Promise<unknown>;
}

/** Every page of the console. A page that is added there has its line here. */
export const pagesOf = ({ container_id, failed_id, image_id, machine_id }: FilledLab): ShownPage[] => [
  { name: "sign-in", who: "nobody", path: "/login" },
  { name: "register", who: "nobody", path: "/register" },
  { name: "home", who: "user", path: "/", steps: (tab) => tab.heading("gpu-sim-4").waitFor() },
  { name: "containers", who: "user", path: "/containers", steps: (tab) => tab.page.getByText("notebook").waitFor() },
  { name: "containers-of-all", who: "admin", path: "/containers?scope=all" },
  { name: "new-container", who: "user", path: "/containers/new" },
  {
    name: "container",
    who: "user",
    path: `/containers/${container_id}`,
    steps: (tab) => tab.page.getByText(/^GPU 1/).waitFor(),
  },
  { name: "container-in-trouble", who: "admin", path: `/containers/${failed_id}?tab=events` },
  {
    name: "logs",
    who: "user",
    path: `/containers/${container_id}?tab=logs`,
    steps: (tab) => tab.page.getByRole("log").getByText("step").first().waitFor(),
  },
  {
    name: "terminal",
    who: "user",
    path: `/containers/${container_id}?tab=terminal`,
    async steps(tab) {
      await tab.openTerminal();
      await tab.type("echo 'batch_size: 256' > config.yaml");
      await tab.type("cat config.yaml", "batch_size: 256");
    },
  },
  {
    name: "save",
    who: "user",
    path: `/containers/${container_id}`,
    async steps(tab) {
      await tab.button(tab.texts.containers.save).click();
      await tab.dialog.waitFor();
    },
  },
  { name: "files", who: "user", path: `/containers/${container_id}?tab=files` },
  { name: "edit-container", who: "user", path: `/containers/${container_id}/edit` },
  { name: "images", who: "user", path: "/images" },
  { name: "image", who: "user", path: `/images/${image_id}` },
  { name: "profile", who: "user", path: "/profile" },
  {
    name: "build",
    who: "admin",
    path: "/images/build",
    steps: (tab) => tab.page.locator(".cm-content").waitFor(),
  },
  { name: "mirror", who: "admin", path: "/images/mirror" },
  { name: "registry", who: "admin", path: "/registry" },
  { name: "machines", who: "admin", path: "/machines" },
  { name: "machine", who: "admin", path: `/machines/${machine_id}` },
  {
    name: "telemetry",
    who: "admin",
    path: `/machines/${machine_id}?tab=telemetry`,
    steps: (tab) => tab.page.locator("canvas").first().waitFor(),
  },
  { name: "storage", who: "admin", path: "/storages" },
  { name: "usage", who: "admin", path: "/usage" },
  { name: "health", who: "admin", path: "/health" },
  {
    name: "join",
    who: "admin",
    path: "/machines",
    async steps(tab) {
      await tab.button(tab.texts.machines.join).click();
      await tab.dialog.getByText(tab.texts.joining.waits).waitFor();
    },
  },
  { name: "users", who: "admin", path: "/users" },
  { name: "settings", who: "admin", path: "/settings" },
  { name: "audit", who: "admin", path: "/audit" },
];
