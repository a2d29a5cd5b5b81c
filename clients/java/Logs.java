// Writes to app_logs from Java, each row once. Needs PostgreSQL's JDBC driver; copy what you need.
// Usage: WRITE_URL=jdbc:postgresql:... java -cp postgresql.jar Logs.java SOURCE [BATCHES [PATIENCE]], in seconds
import java.io.IOException;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import org.postgresql.PGConnection;

/** A named source, for any number of threads. A batch carries its number into the ledger in its own transaction, so a lost answer is settled by asking. */
public final class Logs {
  private final String url, source;
  private long holder, batch;
  private Connection connection;
  private String unsettled;   // the last batch that got no answer, as it was sent: whether it is there is not known

  public Logs(String url, String source) throws SQLException {
    this.url = url;
    this.source = source;
    connect();
    open();
    connection.commit();
  }

  private void connect() throws SQLException {
    var properties = new Properties();
    properties.setProperty("ApplicationName", "pgha-logs");
    properties.setProperty("targetServerType", "primary");
    properties.setProperty("hostRecheckSeconds", "1");   // by default a host that failed is passed over for 10 s
    properties.setProperty("socketTimeout", "60");       // a host that is silent
    connection = DriverManager.getConnection(url, properties);
    connection.setAutoCommit(false);
  }

  /** A row in COPY's text format. metadata: JSON, or null. */
  public static String line(String appName, String level, String message, String metadata, Instant createdAt) {
    return escape(appName) + '\t' + escape(level) + '\t' + escape(message) + '\t' + (metadata == null ? "\\N" : escape(metadata)) + '\t' + createdAt + '\n';
  }

  private static String escape(String value) {
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r");
  }

  /**
   * Writes lines of COPY's text format. Returns when they are committed; for as long as `patience` it tries again through a failover. After an error
   * of the connection they may be there all the same: written again, the same lines are there once; other lines leave that open.
   */
  public synchronized void write(String lines, int rows, Duration patience) throws SQLException, IOException, InterruptedException {
    for (long deadline = System.nanoTime() + patience.toNanos(); ; ) {
      try {
        if (unsettled != null) connection.abort(Runnable::run);   // close() itself fails on a broken connection
        if (connection.isClosed()) connect();
        if (unsettled == null || !settle(lines)) send(lines, rows);
        return;
      } catch (SQLException error) {
        // No answer, the server going away, no primary any more, or: it is there already
        boolean again = error.getSQLState() != null && error.getSQLState().matches("(08|53|57P|25006|PGL01).*");
        if (!again || System.nanoTime() > deadline) throw error;
        Thread.sleep(500);
      }
    }
  }

  /** The number of the last batch that is committed. */
  public synchronized long batch() {
    return batch;
  }

  private void send(String lines, int rows) throws SQLException, IOException {
    unsettled = lines;
    try (var call = connection.prepareStatement("CALL app.begin_log_batch(?, ?, ?, ?, NULL)")) {
      call.setString(1, source);
      call.setLong(2, holder);
      call.setLong(3, batch + 1);
      call.setLong(4, rows);
      call.execute();
    }
    connection.unwrap(PGConnection.class).getCopyAPI()
        .copyIn("COPY app.app_logs (app_name, level, message, metadata, created_at) FROM STDIN", new StringReader(lines));
    connection.commit();
    batch++;
    unsettled = null;
  }

  /** Whether the lines are there, which may be those that got no answer. */
  private boolean settle(String lines) throws SQLException {
    boolean same = lines.equals(unsettled);
    long settled;
    try (var statement = connection.prepareStatement("SELECT batch FROM app.settle_log_source(?, ?)")) {
      statement.setString(1, source);
      statement.setLong(2, holder);
      var row = statement.executeQuery();
      if (!row.next()) throw new IllegalStateException("another writer has taken over " + source);
      settled = row.getLong(1);
    }
    boolean there = same && settled > batch;
    if (same) batch = settled;
    else open();   // what of the former rows is still on its way comes too late
    connection.commit();
    unsettled = null;
    return there;
  }

  private void open() throws SQLException {
    try (var statement = connection.prepareStatement("SELECT holder, batch FROM app.open_log_source(?)")) {
      statement.setString(1, source);
      var row = statement.executeQuery();
      row.next();
      holder = row.getLong(1);
      batch = row.getLong(2);
    }
  }

  public static void main(String[] arguments) throws Exception {
    int batches = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1, written = 0;
    var patience = Duration.ofSeconds(arguments.length > 2 ? Integer.parseInt(arguments[2]) : 600);
    var source = new Logs(System.getenv("WRITE_URL"), arguments[0]);
    for (int first = 0; first < batches * 1000; first += 1000) {
      var lines = new StringBuilder();
      for (int n = first; n < first + 1000; n++) lines.append(line(arguments[0], "info", "row " + n, "{\"n\": " + n + "}", Instant.now()));
      try {
        source.write(lines.toString(), 1000, patience);
        written += 1000;
      } catch (SQLException error) {
        System.err.println("rows from " + first + ": " + error.getMessage());
      }
    }
    System.out.println("wrote " + written + " rows, batch " + source.batch());
  }
}
