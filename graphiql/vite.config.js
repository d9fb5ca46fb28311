import { defineConfig } from "vite";

// GraphiQL's style sheet carries its fonts as data: URLs. As files they pass a policy of "fonts from this origin only".
function fontsAsFiles() {
  return {
    name: "fonts-as-files",
    generateBundle(_options, bundle) {
      for (const sheet of Object.values(bundle)) {
        if (sheet.type !== "asset" || !sheet.fileName.endsWith(".css")) continue;
        sheet.source = sheet.source
          .toString()
          .replace(/url\(["']?data:font\/(\w+);base64,([^"')]+)["']?\)/g, (_match, extension, content) => {
            const font = this.emitFile({
              type: "asset",
              name: `font.${extension}`,
              source: Buffer.from(content, "base64"),
            });
            return `url(/graphiql/${this.getFileName(font)})`;
          });
      }
    },
  };
}

export default defineConfig({
  base: "/graphiql/",
  plugins: [fontsAsFiles()],
  worker: { format: "es" },
  build: {
    target: "es2022",
    // No data: URLs of our own either.
    assetsInlineLimit: 0,
    // The editor is one large file by nature, and comes from the same machine.
    chunkSizeWarningLimit: 6000,
  },
});
