/**
 * Node's HTTP module. `import ... from 'node:http'` reads everything that it exports, so also `http.WebSocket`, and with it Node loads its
 * fetch client: 5 MiB that nothing here uses (seen in Node 24.21; lib/http.js has a getter, so `require` does not load it).
 */
export const http = process.getBuiltinModule('node:http');
