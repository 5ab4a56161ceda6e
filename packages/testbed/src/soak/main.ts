// `npm run soak`: what takes too long for every test run.
// `npm run soak -- requests`, `-- images`, `-- kills`, `-- churn` or `-- faults` does only that.
import { soakFaults } from "./faults/soak-faults.ts";
import { soakImages } from "./images/soak-images.ts";
import { soakRequests } from "./requests.ts";
import { soakChurn } from "./restless/churn.ts";
import { soakKills } from "./restless/kills.ts";

const SECTIONS: Record<string, () => Promise<boolean>> = {
  requests: soakRequests,
  images: soakImages,
  kills: soakKills,
  churn: soakChurn,
  faults: soakFaults,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((section) => !(section in SECTIONS));
if (unknown.length > 0)
  throw new Error(`no such section: ${unknown.join(", ")}; there are ${Object.keys(SECTIONS).join(", ")}`);
for (const [section, soak] of Object.entries(SECTIONS)) {
  if (asked.length > 0 && !asked.includes(section)) continue;
  if (!(await soak())) process.exitCode = 1;
}
