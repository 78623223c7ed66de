module berth/supervisor

go 1.21
