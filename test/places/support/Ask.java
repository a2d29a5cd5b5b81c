import java.sql.DriverManager;

/** Whether the server behind a URL is a standby. */
class Ask {
    public static void main(String[] args) throws Exception {
        try (var connection = DriverManager.getConnection(args[0]); var rows = connection.createStatement().executeQuery("SELECT pg_is_in_recovery()")) {
            rows.next();
            System.out.println(rows.getBoolean(1) ? "t" : "f");
        }
    }
}
