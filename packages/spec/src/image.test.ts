import { expect, test } from "vitest";
import { ImageName, ImageReference } from "./image.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

test.each(["public/pytorch:2.9", "li.wei/my-image:v1", "a/b:_x", "lab_1/x:A-b.c"])(
  "takes %s for an image's name",
  (name) => {
    expect(ImageName.safeParse(name).success).toBe(true);
  },
);

test.each([
  "pytorch:2.9",
  "public/pytorch",
  "public/pytorch:",
  "Public/pytorch:1",
  "a/b/c:1",
  "lab:5000/a:1",
  "a/b:.1",
  "a//b:1",
  "a--b/c:1",
  "-a/b:1",
  "a/b:1\n",
  `a/b:${"x".repeat(129)}`,
  `a/b@${DIGEST}`,
])("refuses %j for an image's name", (name) => {
  expect(ImageName.safeParse(name).success).toBe(false);
});

test.each([
  "busybox:latest",
  "library/busybox:1",
  "lab.example:5000/public/pytorch:2.9",
  "10.0.0.1:5000/a:1",
  "localhost:5000/a/b/c:1",
  `busybox@${DIGEST}`,
  `lab:5000/a:1@${DIGEST}`,
  "a__b/c---d:1",
])("takes %s for an image's reference", (reference) => {
  expect(ImageReference.safeParse(reference).success).toBe(true);
});

test.each([
  "busybox",
  "lab:5000/busybox",
  "lab:5000/",
  "Busybox:1",
  "a b:1",
  "http://lab/a:1",
  "../etc:1",
  "a/../b:1",
  "a?x=1:1",
  `a@sha256:${"0a".repeat(31)}`,
  `a@${DIGEST}\n`,
  "a@md5:00",
  ":1",
  "",
])("refuses %j for an image's reference", (reference) => {
  expect(ImageReference.safeParse(reference).success).toBe(false);
});
