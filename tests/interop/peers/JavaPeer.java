import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.avro.AvroRemoteException;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Protocol;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.JsonEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.ipc.HttpServer;
import org.apache.avro.ipc.HttpTransceiver;
import org.apache.avro.ipc.NettyServer;
import org.apache.avro.ipc.NettyTransceiver;
import org.apache.avro.ipc.RPCContext;
import org.apache.avro.ipc.RPCPlugin;
import org.apache.avro.ipc.Server;
import org.apache.avro.ipc.SocketServer;
import org.apache.avro.ipc.SocketTransceiver;
import org.apache.avro.ipc.Transceiver;
import org.apache.avro.ipc.generic.GenericRequestor;
import org.apache.avro.ipc.generic.GenericResponder;
import org.codehaus.jackson.JsonNode;
import org.codehaus.jackson.map.ObjectMapper;
import org.codehaus.jackson.node.ObjectNode;

/**
 * A client or a server made of Java's avro-ipc, driven by lines of JSON on standard input and output.
 *
 * <pre>
 * JavaPeer serve-netty|serve-http|serve-socket PROTOCOL       prints {"port": N}, serves until its input ends
 * JavaPeer call-netty|call-http|call-socket PORT PROTOCOL [PATH]  makes the calls that it reads, all at once
 * </pre>
 *
 * Values travel in Avro's JSON encoding.
 */
public final class JavaPeer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static synchronized void say(ObjectNode line) {
    System.out.println(line);
    System.out.flush();
  }

  private static Object read(Schema schema, String json) throws Exception {
    return new GenericDatumReader<Object>(schema).read(null, DecoderFactory.get().jsonDecoder(schema, json));
  }

  private static JsonNode write(Schema schema, Object value) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    JsonEncoder encoder = EncoderFactory.get().jsonEncoder(schema, out);
    new GenericDatumWriter<Object>(schema).write(value, encoder);
    encoder.flush();
    return JSON.readTree(out.toByteArray());
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] copy = new byte[buffer.remaining()];
    buffer.duplicate().get(copy);
    return copy;
  }

  /** What the implementation knows of the call under way in its thread. */
  private static final ThreadLocal<RPCContext> CONTEXT = new ThreadLocal<RPCContext>();

  private static final class Remembering extends RPCPlugin {
    @Override
    public void serverReceiveRequest(RPCContext context) {
      CONTEXT.set(context);
    }

    @Override
    public void clientSendRequest(RPCContext context) {
      Map<String, ByteBuffer> asked = ASKED.get();
      if (asked != null) {
        context.requestCallMeta().putAll(asked);
      }
      CONTEXT.set(context);
    }
  }

  private static final ThreadLocal<Map<String, ByteBuffer>> ASKED = new ThreadLocal<Map<String, ByteBuffer>>();

  private static final class Implementation extends GenericResponder {
    private final List<Object> noted = new ArrayList<Object>();

    Implementation(Protocol protocol) {
      super(protocol);
      addRPCPlugin(new Remembering());
    }

    @Override
    public Object respond(Protocol.Message message, Object asked) throws Exception {
      GenericRecord request = (GenericRecord) asked;
      switch (message.getName()) {
        case "echo":
          return request.get("value");
        case "add":
          return (Double) request.get("a") + (Double) request.get("b");
        case "join": {
          StringBuilder joined = new StringBuilder();
          for (Object part : (List<?>) request.get("parts")) {
            joined.append(joined.length() == 0 ? "" : request.get("separator").toString()).append(part);
          }
          return joined.toString();
        }
        case "find": {
          String key = request.get("key").toString();
          if (key.equals("missing")) {
            GenericRecord error = new GenericData.Record(getLocal().getType("conformance.NotThere"));
            error.put("message", "no such key");
            error.put("key", key);
            error.put("code", 404);
            throw new AvroRemoteException(error);
          }
          if (key.length() > 20) {
            GenericRecord error = new GenericData.Record(getLocal().getType("conformance.TooLarge"));
            error.put("limit", 20L);
            throw new AvroRemoteException(error);
          }
          return key.toUpperCase();
        }
        case "fail":
          if (request.get("how").toString().equals("die")) {
            Runtime.getRuntime().halt(1);
          }
          if (request.get("how").toString().equals("status")) {
            Map<String, ByteBuffer> meta = CONTEXT.get().responseCallMeta();
            meta.put("avrorpc.code", ByteBuffer.wrap("NOT_FOUND".getBytes("UTF-8")));
            meta.put("avrorpc.error-id", ByteBuffer.wrap("e1".getBytes("UTF-8")));
          }
          throw new IllegalStateException("the password is hunter2");
        case "wait":
          Thread.sleep((long) (1000 * (Double) request.get("seconds")));
          return request.get("seconds");
        case "note":
          synchronized (noted) {
            noted.add(request.get("text").toString());
          }
          return null;
        case "notes":
          synchronized (noted) {
            return new ArrayList<Object>(noted);
          }
        case "import":
          return request.get("from");
        case "hurry":
          return request.get("seconds");
        case "metadata":
          return new HashMap<String, ByteBuffer>(CONTEXT.get().requestCallMeta());
        case "sees_context":
          return false;
        case "double":
          return 2 * (Integer) request.get("value") + (Integer) request.get("offset");
        default:
          throw new UnsupportedOperationException(message.getName());
      }
    }
  }

  private static void serve(String kind, Protocol protocol) throws Exception {
    Implementation implementation = new Implementation(protocol);
    InetSocketAddress anywhere = new InetSocketAddress("127.0.0.1", 0);
    Server server;
    switch (kind) {
      case "netty":
        server = new NettyServer(implementation, anywhere);
        break;
      case "http":
        server = new HttpServer(implementation, "127.0.0.1", 0);
        break;
      default:
        server = new SocketServer(implementation, anywhere);
    }
    server.start();
    ObjectNode line = JSON.createObjectNode();
    line.put("port", server.getPort());
    say(line);
    while (System.in.read() >= 0) {
      continue;
    }
    Runtime.getRuntime().halt(0);
  }

  private static void answer(GenericRequestor requestor, Protocol protocol, JsonNode asked) {
    ObjectNode reply = JSON.createObjectNode();
    reply.put("id", asked.get("id"));
    try {
      Protocol.Message message = protocol.getMessages().get(asked.get("message").asText());
      Map<String, ByteBuffer> headers = new HashMap<String, ByteBuffer>();
      if (asked.has("headers")) {
        for (Iterator<String> names = asked.get("headers").getFieldNames(); names.hasNext(); ) {
          String name = names.next();
          headers.put(name, ByteBuffer.wrap(Base64.getDecoder().decode(asked.get("headers").get(name).asText())));
        }
      }
      ASKED.set(headers);
      try {
        Object request = read(message.getRequest(), asked.get("request").toString());
        Object response = requestor.request(message.getName(), request);
        reply.put("response", message.isOneWay() ? null : write(message.getResponse(), response));
      } catch (AvroRemoteException error) {
        Object value = error.getValue();
        if (value instanceof GenericRecord) {
          reply.put("error", write(message.getErrors(), value));
        } else {
          reply.put("failure", String.valueOf(value));
        }
      }
    } catch (AvroRuntimeException failure) {
      reply.put("failure", failure.getMessage());
    } catch (Throwable failure) {
      reply.put("failure", failure.toString());
    }
    ObjectNode received = reply.putObject("headers");
    if (CONTEXT.get() != null && CONTEXT.get().responseCallMeta() != null) {
      // The keys are Utf8 in truth, whatever the signature says.
      for (Map.Entry<?, ByteBuffer> header : CONTEXT.get().responseCallMeta().entrySet()) {
        received.put(header.getKey().toString(), Base64.getEncoder().encodeToString(bytes(header.getValue())));
      }
    }
    say(reply);
  }

  private static void call(String kind, int port, final Protocol protocol, String path) throws Exception {
    InetSocketAddress address = new InetSocketAddress("127.0.0.1", port);
    Transceiver transceiver;
    switch (kind) {
      case "netty":
        transceiver = new NettyTransceiver(address);
        break;
      case "http":
        transceiver = new HttpTransceiver(new URL("http://127.0.0.1:" + port + path));
        break;
      default:
        transceiver = new SocketTransceiver(address);
    }
    final GenericRequestor requestor = new GenericRequestor(protocol, transceiver);
    requestor.addRPCPlugin(new Remembering());
    ExecutorService threads = Executors.newFixedThreadPool(kind.equals("netty") ? 16 : 1);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line; (line = input.readLine()) != null; ) {
      final JsonNode asked = JSON.readTree(line);
      threads.execute(
          new Runnable() {
            @Override
            public void run() {
              answer(requestor, protocol, asked);
            }
          });
    }
    Runtime.getRuntime().halt(0);
  }

  public static void main(String[] args) throws Exception {
    String[] mode = args[0].split("-", 2);
    if (mode[0].equals("serve")) {
      serve(mode[1], Protocol.parse(new File(args[1])));
    } else {
      call(mode[1], Integer.parseInt(args[1]), Protocol.parse(new File(args[2])), args.length > 3 ? args[3] : "");
    }
  }
}
