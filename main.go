package main
import ("context";"fmt";"os";"time";"x/logs")
func main(){ ctx,c:=context.WithTimeout(context.Background(),30*time.Second); defer c(); s,err:=logs.Open(ctx,os.Getenv("WRITE_URL"),"go-1"); if err!=nil{panic(err)}
 rows:=make([]logs.Row,1000); for i:=range rows{rows[i]=logs.Row{AppName:"go-1",Level:"info",Message:fmt.Sprint("row ",i),Metadata:map[string]any{"n":i},CreatedAt:time.Now()}}
 for k:=0;k<2;k++{ if err:=s.Write(ctx,rows);err!=nil{panic(err)} }; fmt.Println("ok") }
