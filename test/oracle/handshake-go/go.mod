module nmp-handshake-oracle

go 1.26
