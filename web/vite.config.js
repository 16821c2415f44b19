// One file: script and style are put into the page, and page.csp names their hashes, so that the
// browser runs these two texts and nothing else.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

function oneFile() {
  let folder = "";
  return {
    name: "one-file",
    enforce: "post",
    configResolved(config) {
      folder = config.build.outDir;
    },
    generateBundle(_options, bundle) {
      const files = Object.values(bundle);
      const script = files.find((file) => file.type === "chunk").code.trim().replaceAll("</script", "<\\/script");
      const style = String(files.find((file) => file.fileName.endsWith(".css")).source).trim();
      const page = files.find((file) => file.fileName.endsWith(".html"));
      page.source = String(page.source)
        .replace(/\s*<link rel="stylesheet"[^>]*>/, "")
        .replace(/\s*<script type="module"[^>]*><\/script>/, "")
        .replace("</head>", () => `<style>${style}</style>\n</head>`)
        .replace("</body>", () => `<script type="module">${script}</script>\n</body>`);
      for (const file of files) if (file !== page) delete bundle[file.fileName];
      const policy = [
        "default-src 'none'",
        `script-src ${hash(script)}`,
        `style-src ${hash(style)}`,
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join("; ");
      writeFileSync(join(folder, "page.csp"), policy);
    },
  };
}

export default defineConfig({
  base: "./",
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: false, emptyOutDir: false },
  plugins: [
    { name: "folder", configResolved: async (c) => void (await import("node:fs")).mkdirSync(c.build.outDir, { recursive: true }) },
    oneFile(),
  ],
});
