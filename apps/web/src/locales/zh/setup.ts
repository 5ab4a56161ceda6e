export const setup = {
  title: "开始使用 Berth",
  done_of: "已完成 {{done}} / {{count}}",
  dismiss: "不再显示",
  done: "已完成",
  steps: {
    password: "修改自动生成的管理员密码",
    registry: "镜像仓库可用",
    machine: "接入第一台机器",
    image: "准备第一个公共镜像",
    people: "邀请实验室成员",
  },
  hints: {
    password: "它在安装时打印过，可能留在终端或日志里。",
    registry: "没有镜像仓库，就不能构建和保存镜像。",
    machine: "生成一行命令，粘贴到 GPU 服务器上运行；机器在线后这里会自动打勾。",
    image: "大家用公共镜像创建容器：可以构建，也可以从别的仓库同步。",
    people: "开放注册，或者发出邀请链接。",
  },
};
