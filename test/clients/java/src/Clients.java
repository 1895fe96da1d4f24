import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;

/** Does the same requests with a client of Java and prints a line for each answer. Arguments: jdk, jdk-http1 or apache; the URL. */
public final class Clients {
  private record Ask(String method, String path, String body) {}

  private static final List<Ask> ASKS =
      List.of(
          new Ask("GET", "/plain?a=b&a=%20", null),
          new Ask("HEAD", "/plain", null),
          new Ask("POST", "/body", "text"),
          new Ask("PUT", "/body", ""),
          new Ask("DELETE", "/body", "text"),
          new Ask("PATCH", "/body", "text"),
          new Ask("OPTIONS", "/plain", null),
          new Ask("PROPFIND", "/plain", null),
          new Ask("PURGE", "/plain", null),
          new Ask("GET", "/reason", null),
          new Ask("GET", "/status/204", null),
          new Ask("GET", "/status/503", null),
          new Ask("GET", "/early-hints", null),
          new Ask("GET", "/chunks", null),
          new Ask("GET", "/close", null),
          new Ask("GET", "/large", null));

  public static void main(String[] args) throws Exception {
    URI base = URI.create(args[1]);
    if (args[0].equals("apache")) apache(base);
    else jdk(base, args[0].equals("jdk") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
  }

  private static void jdk(URI base, HttpClient.Version version) throws Exception {
    HttpClient client = HttpClient.newBuilder().version(version).build();
    for (Ask ask : ASKS) {
      BodyPublisher body = ask.body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(ask.body);
      HttpRequest request = HttpRequest.newBuilder(base.resolve(ask.path)).method(ask.method, body).build();
      HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
      print(ask, response.statusCode(), "", response.body());
    }
    HttpRequest expecting =
        HttpRequest.newBuilder(base.resolve("/body")).expectContinue(true).POST(BodyPublishers.ofString("late")).build();
    print(new Ask("POST", "/body (100-continue)", ""), 0, "", client.send(expecting, BodyHandlers.ofString()).body());
    System.out.println("WebSocket " + webSocket(client, base));
  }

  private static String webSocket(HttpClient client, URI base) throws Exception {
    CompletableFuture<String> heard = new CompletableFuture<>();
    WebSocket.Listener listener =
        new WebSocket.Listener() {
          @Override
          public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            heard.complete(data.toString());
            return null;
          }
        };
    URI address = URI.create("ws://" + base.getAuthority() + "/socket");
    WebSocket socket = client.newWebSocketBuilder().buildAsync(address, listener).get(5, TimeUnit.SECONDS);
    socket.sendText("hello", true).get(5, TimeUnit.SECONDS);
    String answer = heard.get(5, TimeUnit.SECONDS);
    socket.abort();
    return answer;
  }

  private static void apache(URI base) throws Exception {
    try (CloseableHttpClient client = HttpClients.custom().disableAutomaticRetries().build()) {
      for (Ask ask : ASKS) {
        HttpUriRequestBase request = new HttpUriRequestBase(ask.method, base.resolve(ask.path));
        if (ask.body != null) request.setEntity(new StringEntity(ask.body, ContentType.TEXT_PLAIN));
        client.execute(request, response -> printApache(ask, response));
      }
    }
  }

  private static Void printApache(Ask ask, ClassicHttpResponse response) throws java.io.IOException {
    String body = "";
    try {
      if (response.getEntity() != null) body = EntityUtils.toString(response.getEntity(), StandardCharsets.UTF_8);
    } catch (org.apache.hc.core5.http.ParseException error) {
      body = error.toString();
    }
    print(ask, response.getCode(), response.getReasonPhrase(), body);
    return null;
  }

  private static void print(Ask ask, int status, String reason, String body) {
    String shown = body.length() > 200 ? body.length() + " characters" : body;
    System.out.println(ask.method + " " + ask.path + " " + status + " " + reason + " " + shown);
  }
}
