export const settings = {
  title: "设置",
  registration: "谁可以注册",
  who: { open: "任何人", closed: "不开放", invitation: "凭邀请" },
  who_hint: {
    open: "能打开这个页面的人都可以注册。",
    closed: "账号由管理员在“用户”页面新建。",
    invitation: "凭管理员发的邀请链接注册。",
  },
  user_push: "允许用户 docker push",
  user_push_hint: "关闭时，用户自己的镜像只能由容器保存而来。",
  invitations: "邀请",
  invitation_once: "邀请链接只显示这一次，请现在复制：",
  no_note: "没有备注",
  note: "备注",
  uses: "可注册人数",
  uses_left: "还可以注册 {{count}} 人",
  invite: "新建邀请",
};
