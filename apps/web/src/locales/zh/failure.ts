export const failure = {
  retry: "重试",
  unreachable: "连接不上服务器，正在重试…",
  not_loaded: "这一部分没能加载",
  outdated: "Berth 已更新，请重新加载页面",
  reload: "重新加载",
  dialog: "没能打开",
  page: "这个页面出错了",
  page_hint: "其他页面不受影响。可以重试；如果一直这样，请把下面的内容告诉管理员。",
  not_found: "没有这个页面",
  not_found_hint: "地址可能写错了，或者它已经被删除。",
  not_sent: "连接不上服务器。填写的内容都还在，请再试一次。",
  to_home: "回到总览",
};
