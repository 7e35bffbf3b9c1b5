// A client or a server made of npm's avsc, driven by lines of JSON on standard input and output.
//
//   node avsc_peer.js serve-tcp|serve-http PROTOCOL          prints {"port": N}, and serves until its input ends
//   node avsc_peer.js call-tcp|call-http PORT PROTOCOL [PATH] makes the calls that it reads, all at once
//
// Values travel in Avro's JSON encoding.
'use strict';

const fs = require('fs');
const http = require('http');
const net = require('net');
const readline = require('readline');
const { Service } = require('avsc');

const [mode, ...args] = process.argv.slice(2);
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const load = (path) => Service.forProtocol(JSON.parse(fs.readFileSync(path, 'utf8')));
const fromBase64 = (map) =>
  Object.fromEntries(Object.entries(map || {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]));
const toBase64 = (map) =>
  Object.fromEntries(Object.entries(map || {}).map(([key, bytes]) => [key, bytes.toString('base64')]));

function implement(service) {
  const server = service.createServer({ silent: true });
  const noted = [];
  server.use(function (request, response, next) {
    this.locals.request = request;
    this.locals.response = response;
    next();
  });
  const handlers = {
    echo: (request, done) => done(null, request.value),
    add: (request, done) => done(null, request.a + request.b),
    join: (request, done) => done(null, request.parts.join(request.separator)),
    find(request, done) {
      if (request.key === 'missing') {
        done({ 'conformance.NotThere': { message: 'no such key', key: request.key, code: 404 } });
      } else if (request.key.length > 20) {
        done({ 'conformance.TooLarge': { limit: 20 } });
      } else {
        done(null, request.key.toUpperCase());
      }
    },
    fail(request, done) {
      if (request.how === 'die') {
        process.exit(1);
      } else if (request.how === 'status') {
        Object.assign(this.locals.response.headers, fromBase64({
          'avrorpc.code': Buffer.from('NOT_FOUND').toString('base64'),
          'avrorpc.error-id': Buffer.from('e1').toString('base64'),
        }));
        done(new Error('nothing of that name'));
      } else {
        throw new Error('the password is hunter2');
      }
    },
    wait: (request, done) => setTimeout(() => done(null, request.seconds), request.seconds * 1000),
    note: (request) => { noted.push(request.text); },
    notes: (request, done) => done(null, noted),
    import: (request, done) => done(null, request.from),
    hurry: (request, done) => done(null, request.seconds),
    metadata(request, done) { done(null, this.locals.request.headers); },
    sees_context: (request, done) => done(null, false),
    double: (request, done) => done(null, 2 * request.value + (request.offset || 0)),
  };
  for (const message of service.messages) {
    if (handlers[message.name]) {
      server.onMessage(message.name, handlers[message.name]);
    }
  }
  return server;
}

function serve(listener) {
  listener.listen(0, '127.0.0.1', () => say({ port: listener.address().port }));
  process.stdin.resume().on('end', () => process.exit(0));
}

function call(service, open) {
  const client = service.createClient({ timeout: 10000 });
  client.on('error', (error) => say({ failure: String(error) }));
  client.use(function (request, response, next) {
    Object.assign(request.headers, fromBase64(this.locals.asked.headers));
    next(null, (error, previous) => {
      this.locals.asked.received = toBase64(response && response.headers); // a one-way message has no response
      previous(error);
    });
  });
  const channel = open(client);
  channel.on('outgoingCall', (context, options) => { context.locals.asked = options.asked; });
  channel.on('handshake', (request, response) => say({ handshake: response.match }));
  channel.on('eot', (pending, error) => say({ ended: error ? String(error) : '', pending }));
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const asked = JSON.parse(line);
    if (asked.message === '') {
      channel.ping((error) => say({ id: asked.id, ...(error ? { failure: String(error) } : { response: null }) }));
      return;
    }
    const message = service.message(asked.message);
    const request = message.requestType.fromString(JSON.stringify(asked.request));
    client.emitMessage(asked.message, request, { asked }, (error, value) => {
      const reply = { id: asked.id, headers: asked.received };
      if (error instanceof Error) {
        reply.failure = error.message;
      } else if (error) {
        reply.error = JSON.parse(message.errorType.toString(error));
      } else {
        reply.response = message.oneWay ? null : JSON.parse(message.responseType.toString(value));
      }
      say(reply);
    });
  }).on('close', () => process.exit(0));
}

function post(port, path) {
  const options = { host: '127.0.0.1', port, path, method: 'POST', headers: { 'Content-Type': 'avro/binary' } };
  return (done) =>
    http.request(options).on('response', (response) => {
      if (response.statusCode === 200) {
        done(null, response);
      } else {
        response.resume();
        done(new Error('status ' + response.statusCode));
      }
    }).on('error', done);
}

switch (mode) {
  case 'serve-tcp': {
    const server = implement(load(args[0]));
    serve(net.createServer((socket) => server.createChannel(socket.on('error', () => socket.destroy()))));
    break;
  }
  case 'serve-http': {
    const server = implement(load(args[0]));
    serve(http.createServer((request, response) => {
      if (request.method !== 'POST') {
        response.writeHead(405).end('only POST');
        return;
      }
      response.setHeader('Content-Type', 'avro/binary');
      server.createChannel((done) => {
        done(null, response);
        return request;
      });
    }));
    break;
  }
  case 'call-tcp':
    call(load(args[1]), (client) => client.createChannel(net.connect(Number(args[0]), '127.0.0.1')));
    break;
  case 'call-tcp-without-ping':
    call(load(args[1]), (client) =>
      client.createChannel(net.connect(Number(args[0]), '127.0.0.1'), { noPing: true }));
    break;
  case 'call-http':
    call(load(args[1]), (client) => client.createChannel(post(Number(args[0]), args[2])));
    break;
  case 'call-http-without-ping':
    call(load(args[1]), (client) => client.createChannel(post(Number(args[0]), args[2]), { noPing: true }));
    break;
  default:
    throw new Error('no mode ' + mode);
}
