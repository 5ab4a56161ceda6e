import { expect, onTestFinished, test } from "vitest";
import { openInProcessApi } from "../testing/in-process-api.ts";

test("a drain that fails for one container goes on with the others, says which is left, and logs why", async () => {
  const logged: unknown[] = [];
  const api = await openInProcessApi({ log: { error: ({ err }) => logged.push(err) } });
  onTestFinished(() => api.close());
  const { machine_id } = await api.addMachine("gpu-1");
  await api.admin.image.add({ name: "public/base:1", reference: "registry.lab:5000/base:1" });
  const li = (await api.addUser("li")).api;
  const make = (name: string) => li.container.create({ name, image: "public/base:1", machine_id });
  const [faulty, fine] = [await make("faulty"), await make("fine")];
  await api.services.sql(`
    CREATE FUNCTION fail_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a fault of the test'; END $$`);
  await api.services.sql(`
    CREATE TRIGGER fail_for_test BEFORE UPDATE ON containers FOR EACH ROW
    WHEN (NEW.name = 'faulty') EXECUTE FUNCTION fail_for_test()`);
  expect(await api.admin.machine.drain({ machine_id })).toMatchObject({
    stopping: [{ container_id: fine.container_id }],
    moving: [],
    left: [{ container_id: faulty.container_id, reason: "internal error" }],
  });
  expect(await li.container.get(fine)).toMatchObject({ desired: "stopped" });
  expect(logged).toEqual([expect.objectContaining({ message: expect.stringContaining("a fault of the test") })]);
});
