import type { TestProject } from "vitest/node";
import { createTemplate, dropDatabase } from "./template.ts";
import { makeThrowawayFolder } from "@berth/db/embedded/throwaway.ts";

declare module "vitest" {
  export interface ProvidedContext {
    postgres: {
      /** Of a role that may create databases. */
      admin_url: string;
      /** The migrated database to clone. */
      template: string;
    };
  }
}

/**
 * One PostgreSQL for all tests of a run: a throwaway one, or the one that BERTH_TEST_DATABASE_URL names, on which only
 * databases that the run makes itself are touched.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["BERTH_TEST_DATABASE_URL"];
  if (given) {
    const template = await createTemplate(given);
    project.provide("postgres", { admin_url: given, template });
    return () => dropDatabase(given, template);
  }
  const folder = await makeThrowawayFolder();
  try {
    const { url } = await folder.start();
    project.provide("postgres", { admin_url: url, template: await createTemplate(url) });
  } catch (error) {
    await folder.remove();
    throw error;
  }
  return folder.remove;
}
