import type { Texts } from "../zh.ts";

export const auth: Texts["auth"] = {
  sign_in: "Sign in",
  signing_in: "Signing in…",
  account: "Account",
  password: "Password",
  register: "Register",
  registering: "Registering…",
  no_account: "No account yet?",
  has_account: "You have an account?",
  forgotten: "Forgotten your password? Ask an admin.",
  repeat: "The password once more",
  not_same: "The two passwords differ.",
  too_short: "A password has at least 8 characters.",
  account_rule: "2 to 32 characters: a-z, 0-9 and single . _ - between them. It is also the namespace of your images.",
  invitation: "Invitation",
  invitation_hint: "Only where registration is by invitation.",
  session_over: "Your session has ended: sign in again. What you typed is still there.",
};
