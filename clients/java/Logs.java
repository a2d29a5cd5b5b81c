// Writes to app_logs from Java, each row once. Needs PostgreSQL's JDBC driver; copy what you need. Usage: WRITE_URL=jdbc:postgresql:... java -cp postgresql.jar Logs.java SOURCE
import java.io.IOException;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import org.postgresql.PGConnection;

/** A named source. A batch carries its number into the ledger in its own transaction, so a lost answer is settled by asking. */
public final class Logs {
  private final String url, source;
  private long holder, batch;
  private Connection connection;

  public Logs(String url, String source) throws SQLException {
    this.url = url;
    this.source = source;
    connect();
    try (var statement = connection.prepareStatement("SELECT holder, batch FROM app.open_log_source(?)")) {
      statement.setString(1, source);
      var row = statement.executeQuery();
      row.next();
      holder = row.getLong(1);
      batch = row.getLong(2);
    }
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

  /** Writes lines of COPY's text format. Returns when they are committed; for as long as `patience` it tries again through a failover. */
  public void write(String lines, int rows, Duration patience) throws SQLException, IOException, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    for (long number = batch + 1; batch < number; ) {
      try {
        if (connection.isClosed()) {
          connect();
          settle();
        } else send(lines, rows, number);
      } catch (SQLException error) {
        // No answer, the server going away, no primary any more, or: it is there already
        boolean again = error.getSQLState() != null && error.getSQLState().matches("(08|53|57P|25006|PGL01).*");
        connection.abort(Runnable::run);   // close() itself fails on a broken connection
        if (!again || System.nanoTime() > deadline) throw error;
        Thread.sleep(500);
      }
    }
  }

  private void send(String lines, int rows, long number) throws SQLException, IOException {
    try (var call = connection.prepareStatement("CALL app.begin_log_batch(?, ?, ?, ?, NULL)")) {
      call.setString(1, source);
      call.setLong(2, holder);
      call.setLong(3, number);
      call.setLong(4, rows);
      call.execute();
    }
    connection.unwrap(PGConnection.class).getCopyAPI()
        .copyIn("COPY app.app_logs (app_name, level, message, metadata, created_at) FROM STDIN", new StringReader(lines));
    connection.commit();
    batch = number;
  }

  private void settle() throws SQLException {
    try (var statement = connection.prepareStatement("SELECT batch FROM app.settle_log_source(?, ?)")) {
      statement.setString(1, source);
      statement.setLong(2, holder);
      var row = statement.executeQuery();
      if (!row.next()) throw new IllegalStateException("another writer has taken over " + source);
      batch = row.getLong(1);
    }
    connection.commit();
  }

  public static void main(String[] arguments) throws Exception {
    var source = new Logs(System.getenv("WRITE_URL"), arguments[0]);
    var lines = new StringBuilder();
    for (int n = 0; n < 1000; n++) lines.append(arguments[0]).append("\tinfo\trow ").append(n).append("\t{\"n\": ").append(n).append("}\t").append(Instant.now()).append('\n');
    source.write(lines.toString(), 1000, Duration.ofMinutes(10));
    System.out.println("wrote 1000 rows, batch " + source.batch);
  }
}
