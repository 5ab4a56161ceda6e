import { AuditNoun } from "@berth/spec/audit.ts";
import { TelemetryRange } from "@berth/spec/telemetry.ts";
import { UsageBucket } from "@berth/spec/usage.ts";
import { createRootRoute, createRoute, createRouter, redirect } from "@tanstack/react-router";
import { useEffect } from "react";
import { z } from "zod";
import { lazily } from "./components/lazily.tsx";
import { NotFoundPage, PageFailure } from "./components/page-failure.tsx";
import { LoginPage } from "./features/auth/login-page.tsx";
import { signedIn } from "./lib/signed-in.ts";
import { useStore } from "./lib/store.ts";
import { TableSearch } from "./lib/table-search.ts";

const root = createRootRoute({ notFoundComponent: NotFoundPage });

const Then = z.object({ then: z.string().startsWith("/").optional().catch(undefined) });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: Then,
  component: function Login() {
    const { then } = login.useSearch();
    const isSignedIn = useStore(signedIn) === "yes";
    // Here, or in another tab.
    useEffect(() => {
      if (isSignedIn) void router.navigate({ href: then ?? "/", replace: true });
    }, [isSignedIn, then]);
    return <LoginPage />;
  },
});
const register = createRoute({
  getParentRoute: () => root,
  path: "/register",
  component: lazily(() => import("./features/auth/register-route.tsx"), "RegisterRoute"),
});

/** Everything that only who is signed in may see, inside the frame of the console. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad({ location }) {
    if (signedIn.get() === "no") throw redirect({ to: "/login", search: { then: location.href } });
  },
  component: lazily(() => import("./shell/shell.tsx"), "Shell"),
});
const home = createRoute({
  getParentRoute: () => inside,
  path: "/",
  validateSearch: z.object({
    q: z.string().max(100).optional().catch(undefined),
    type: z.string().max(200).optional().catch(undefined),
    free: z.literal(true).optional().catch(undefined),
    view: z.literal("compact").optional().catch(undefined),
  }),
  component: lazily(() => import("./features/board/board-page.tsx"), "BoardPage"),
});
const containers = createRoute({
  getParentRoute: () => inside,
  path: "/containers",
  validateSearch: TableSearch.extend({ scope: z.enum(["mine", "all"]).optional().catch(undefined) }),
  component: lazily(() => import("./features/containers/containers-page.tsx"), "ContainersPage"),
});
const newContainer = createRoute({
  getParentRoute: () => inside,
  path: "/containers/new",
  validateSearch: z.object({
    image: z.string().optional().catch(undefined),
    gpu: z.string().optional().catch(undefined),
    machine: z.string().optional().catch(undefined),
  }),
  component: lazily(() => import("./features/containers/new-container-page.tsx"), "NewContainerPage"),
});
const container = createRoute({
  getParentRoute: () => inside,
  path: "/containers/$containerId",
  validateSearch: z.object({
    tab: z.enum(["overview", "events", "logs", "terminal", "files"]).optional().catch(undefined),
    path: z.string().startsWith("/").max(4_096).optional().catch(undefined),
  }),
  component: lazily(() => import("./features/containers/detail/container-page.tsx"), "ContainerPage"),
});
const editContainer = createRoute({
  getParentRoute: () => inside,
  path: "/containers/$containerId/edit",
  component: lazily(() => import("./features/containers/edit-container-page.tsx"), "EditContainerPage"),
});
const images = createRoute({
  getParentRoute: () => inside,
  path: "/images",
  validateSearch: TableSearch.extend({ scope: z.enum(["all", "public", "mine"]).optional().catch(undefined) }),
  component: lazily(() => import("./features/images/images-page.tsx"), "ImagesPage"),
});
const image = createRoute({
  getParentRoute: () => inside,
  path: "/images/$imageId",
  validateSearch: z.object({
    tab: z.enum(["overview", "log", "machines", "needed", "layers"]).optional().catch(undefined),
  }),
  component: lazily(() => import("./features/images/detail/image-page.tsx"), "ImagePage"),
});
const buildImage = createRoute({
  getParentRoute: () => inside,
  path: "/images/build",
  validateSearch: z.object({
    again: z.int().positive().optional().catch(undefined),
    line: z.int().positive().optional().catch(undefined),
  }),
  component: lazily(() => import("./features/images/build/build-page.tsx"), "BuildPage"),
});
const mirrorImage = createRoute({
  getParentRoute: () => inside,
  path: "/images/mirror",
  component: lazily(() => import("./features/images/import-page.tsx"), "MirrorPage"),
});
const externalImage = createRoute({
  getParentRoute: () => inside,
  path: "/images/external",
  component: lazily(() => import("./features/images/import-page.tsx"), "ExternalPage"),
});
const registry = createRoute({
  getParentRoute: () => inside,
  path: "/registry",
  component: lazily(() => import("./features/images/registry/registry-page.tsx"), "RegistryPage"),
});

const profile = createRoute({
  getParentRoute: () => inside,
  path: "/profile",
  component: lazily(() => import("./features/profile/profile-page.tsx"), "ProfilePage"),
});
const machines = createRoute({
  getParentRoute: () => inside,
  path: "/machines",
  validateSearch: TableSearch.extend({ join: z.enum(["line", "ssh", "address"]).optional().catch(undefined) }),
  component: lazily(() => import("./features/machines/machines-page.tsx"), "MachinesPage"),
});
const machine = createRoute({
  getParentRoute: () => inside,
  path: "/machines/$machineId",
  validateSearch: z.object({
    tab: z.enum(["overview", "telemetry", "containers", "foreign", "images", "settings"]).optional().catch(undefined),
    range: TelemetryRange.optional().catch(undefined),
  }),
  component: lazily(() => import("./features/machines/detail/machine-page.tsx"), "MachinePage"),
});
const storages = createRoute({
  getParentRoute: () => inside,
  path: "/storages",
  validateSearch: TableSearch,
  component: lazily(() => import("./features/storages/storages-page.tsx"), "StoragesPage"),
});

const users = createRoute({
  getParentRoute: () => inside,
  path: "/users",
  validateSearch: TableSearch,
  component: lazily(() => import("./features/users/users-page.tsx"), "UsersPage"),
});
const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings",
  component: lazily(() => import("./features/settings/settings-page.tsx"), "SettingsPage"),
});
const usage = createRoute({
  getParentRoute: () => inside,
  path: "/usage",
  validateSearch: z.object({
    from: z.iso.date().optional().catch(undefined),
    to: z.iso.date().optional().catch(undefined),
    by: UsageBucket.optional().catch(undefined),
    user: z.int().optional().catch(undefined),
  }),
  component: lazily(() => import("./features/usage/usage-page.tsx"), "UsagePage"),
});
const health = createRoute({
  getParentRoute: () => inside,
  path: "/health",
  component: lazily(() => import("./features/health/health-page.tsx"), "HealthPage"),
});
const audit = createRoute({
  getParentRoute: () => inside,
  path: "/audit",
  validateSearch: z.object({
    noun: AuditNoun.optional().catch(undefined),
    user: z.int32().positive().optional().catch(undefined),
    object: z.coerce.string().min(1).max(200).optional().catch(undefined),
  }),
  component: lazily(() => import("./features/audit/audit-page.tsx"), "AuditPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    register,
    inside.addChildren([
      home,
      containers,
      newContainer,
      container,
      editContainer,
      images,
      image,
      buildImage,
      mirrorImage,
      externalImage,
      registry,
      profile,
      machines,
      machine,
      storages,
      users,
      usage,
      health,
      settings,
      audit,
    ]),
  ]),
  defaultErrorComponent: PageFailure,
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
