export const palette = {
  open: "查找或执行",
  hint: "页面、容器、镜像、操作…",
  found: "找到的",
  nothing: "没有找到。",
  count: "找到 {{count}} 项",
  kinds: { page: "页面", action: "操作", container: "容器", image: "镜像", machine: "机器" },
  keys: "快捷键",
  key_palette: "查找页面、容器、镜像，或执行操作",
  key_search: "到搜索框",
  key_rows: "在列表里上下移动",
  key_escape: "清空搜索，或关闭打开的窗口",
  key_help: "显示这些快捷键",
};
