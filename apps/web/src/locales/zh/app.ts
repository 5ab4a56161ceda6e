export const app = {
  name: "Berth",
  tagline: "共享实验室的 GPU 服务器",
};
