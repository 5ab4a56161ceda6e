import { useNavigate } from "@tanstack/react-router";
import { RegisterPage } from "./register-page.tsx";

export function RegisterRoute() {
  const navigate = useNavigate();
  return <RegisterPage onSignedIn={() => void navigate({ to: "/" })} />;
}
