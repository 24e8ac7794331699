import "./theme.css";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { chooseTheme } from "./shell/theme.ts";

chooseTheme();
createRoot(document.querySelector("#root")!).render(<App />);
