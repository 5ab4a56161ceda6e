export const connection = {
  lost: "与服务器的连接断开了，正在重新连接…",
  unavailable: "服务器暂时无法读写数据，正在重试…",
  back: "已重新连接。",
};
