// Medusa for bench-rivals: its defaults, without the administrator's pages.
const { defineConfig } = require("@medusajs/framework/utils");

const anyText = "of a server that lives for one benchmark";

module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { connection: { ssl: false } },
    http: {
      storeCors: "http://localhost",
      adminCors: "http://localhost",
      authCors: "http://localhost",
      jwtSecret: anyText,
      cookieSecret: anyText,
    },
  },
});
